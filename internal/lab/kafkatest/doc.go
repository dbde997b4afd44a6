// Package kafkatest puts in front of kfake's brokers what they lack: authentication with
// sessions that end, and the token service that AWS's IAM needs. Tests use it to rotate
// credentials while events flow. The brokers themselves are kfake's, and those with
// faults are in package sim.
package kafkatest
