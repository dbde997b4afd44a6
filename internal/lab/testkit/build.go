package testkit

import "runtime/debug"

// BuildFlags returns the flag with which go build finds every package compiled that the
// running test was compiled from. Without it, what a test builds is compiled once more
// wherever the tests have a tag.
func BuildFlags() []string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	for _, s := range info.Settings {
		if s.Key == "-tags" {
			return []string{"-tags=" + s.Value}
		}
	}
	return nil
}
