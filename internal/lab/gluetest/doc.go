// Package gluetest stands in for AWS Glue's schema registry in tests. It answers what the
// client asks, and can be away. It wants a signature and checks none; only tests import
// it.
package gluetest
