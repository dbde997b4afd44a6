// Command grafana prints the dashboard of amazon-capi for Grafana. Its panels are a table
// in panels.go, so that a test can hold their queries to the metrics that there are. The
// output is amazon-capi.json, which is not edited by hand.
package main
