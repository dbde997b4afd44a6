// Package ends collects what brokers answer about where partitions end, and says in plain
// words what kept them from answering. It asks no broker and keeps no time. How long a
// fault may last before it is reported is for the consumer to decide.
package ends
