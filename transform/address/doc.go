// Package address normalises street addresses as Amazon's published tag does before it
// hashes them. A hash of any other form matches nobody, so the tag's steps are reproduced
// exactly, oddities included:
//
//  1. lower-case;
//  2. words of the table for all countries, then of the country's;
//  3. , . [ ] / and - become spaces, # becomes the word number;
//  4. directions, then words for number;
//  5. letters with marks;
//  6. the tables of step 2 once more, now that the words are free of punctuation;
//  7. only a to z and digits are kept.
//
// One table can undo another: avenue becomes ave everywhere, then avenue again in France.
package address
