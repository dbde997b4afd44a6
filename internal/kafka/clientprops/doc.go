// Package clientprops translates the properties of Kafka's clients, by their names in
// Java and librdkafka, into the settings of this program. It reads no file and connects
// to nothing.
package clientprops
