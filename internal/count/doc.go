// Package count writes numbers of things, for messages.
package count
