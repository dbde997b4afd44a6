//go:build !kafka

package e2e

import "github.com/tracklayer/amazon-capi/internal/lab/testkit"

// Only tools are run from it, which have their own tests under the race detector.
var buildFlags = append([]string{"build"}, testkit.BuildFlags()...)
