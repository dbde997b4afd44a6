// Package deadletter writes dead letters and reads them back: the original record
// with headers that say why it will never be accepted. A letter's verdict is passed on
// once the brokers have acknowledged it, and no letter is given up but with its
// assignment. Why an event became one is decided elsewhere: nothing here knows lanes,
// contracts or answers.
package deadletter
