// Package pump passes the records of assignments to the handler's workers: in order, in
// chunks, and with as many workers at once as there are. A record that cannot be read
// now, because the registry is unavailable, holds only its partition. It takes nothing
// from Kafka, commits nothing, and knows of a record only what a Worker reads of it.
package pump
