// Package kafkatest puts in front of kfake's brokers what they lack, for tests.
package kafkatest
