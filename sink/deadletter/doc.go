// Package deadletter writes and reads dead letters: the original record with headers that
// say why it will never be accepted. A letter's verdict is passed on once the brokers have
// acknowledged it, and no letter is dropped while its assignment lasts. The sink decides
// which events become dead letters: nothing here knows lanes, contracts or answers.
package deadletter
