package chart

import (
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
)

// TestLint: helm lint finds nothing but that there is no icon.
func TestLint(t *testing.T) {
	version, err := common.ParseKubeVersion(kubeVersion)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range cases(t) {
		result := lint.RunAll(chartDir, values(t, name, ""), namespace, lint.WithKubeVersion(version))
		for _, m := range result.Messages {
			if m.Severity != support.InfoSev {
				t.Errorf("%s: %v", name, m)
			}
		}
		if result.HighestSeverity > support.InfoSev {
			t.Errorf("%s: severity %d", name, result.HighestSeverity)
		}
	}
}
