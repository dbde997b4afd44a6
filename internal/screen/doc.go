// Package screen lays out text for people: it folds lines between words, fits tables to a
// width, colours verdicts and pages what is long. It knows no command and no stage. Package
// report and the commands print with it; what they print is for them.
package screen
