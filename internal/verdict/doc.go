// Package verdict holds the vocabulary of verdicts. Code, metrics, dead-letter headers,
// tables and documents all take their words from here, so that an operator who reads a
// class anywhere can look it up once. It also has what passes between the stages: a
// record's handle and origin, and the verdict that goes back.
package verdict
