// Command mutate makes small mistakes in packages and reports which of them no test
// notices. It parses and prints; the mistakes are made by package mutate. It is what make
// mutate runs.
package main
