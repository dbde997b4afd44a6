// Package gluetest stands in for AWS Glue's schema registry, for tests.
package gluetest
