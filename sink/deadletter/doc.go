// Package deadletter writes and reads dead letters: the original record with headers that
// say why it will never be accepted. A letter's verdict is passed on once the brokers have
// acknowledged it, and no letter is dropped while its assignment lasts. What becomes a
// dead letter is decided elsewhere: nothing here knows lanes, contracts or answers.
package deadletter
