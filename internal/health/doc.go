// Package health shows operators a running process: its conditions, the pages made of
// them, and the metrics endpoint. Stages report conditions by name. It decides nothing
// about delivery and imports no stage.
package health
