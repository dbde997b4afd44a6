// Package clientprops translates the properties of Kafka's clients, by their names in
// Java and librdkafka, into the settings of this program. It also knows those that mean
// nothing here, and says why. It reads no file and connects to nothing: package javaprops
// parses the files, and package config applies the settings.
package clientprops
