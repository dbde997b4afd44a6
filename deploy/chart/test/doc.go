// Package chart has the tests of the Helm chart in deploy/chart/amazon-capi: Helm's own
// packages render it, Kubernetes' types read the objects, and the program reads the
// settings. They are a module of their own, because the program needs none of that. What
// is made from other files of the project is written anew by make chart-update.
package chart
