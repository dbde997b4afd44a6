// Package ends collects what brokers answer about where partitions end, and says in
// plain words what kept them from answering. How long a fault may last before it is
// reported is for the consumer to decide; nothing here asks a broker or keeps time.
package ends
