// Package kafka turns connection settings into client options and admin clients for every
// command, writes to topics through broker changes, and explains brokers' errors.
// Authentication and file formats have packages below it. It reads no events and decides
// no verdict.
package kafka
