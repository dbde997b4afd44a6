package chart

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/yaml"
)

const (
	root      = "../../.."
	chartDir  = "../amazon-capi"
	namespace = "amazon-capi"
)

// kubeVersion is the one that objects are rendered for and read with.
const kubeVersion = "v1.34.0"

func load(t *testing.T) *chartv2.Chart {
	t.Helper()
	c, err := loader.Load(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// values reads a file of testdata/values, with more on top.
func values(t *testing.T, name, more string) map[string]any {
	t.Helper()
	v := make(map[string]any)
	for _, text := range [][]byte{readFile(t, "testdata", "values", name+".yaml"), []byte(more)} {
		over := make(map[string]any)
		if err := yaml.Unmarshal(text, &over); err != nil {
			t.Fatal(err)
		}
		put(v, over)
	}
	return v
}

// put puts the values of over into v, as Helm does with several files.
func put(v, over map[string]any) {
	for key, value := range over {
		inner, isMap := value.(map[string]any)
		if before, ok := v[key].(map[string]any); ok && isMap {
			put(before, inner)
			continue
		}
		v[key] = value
	}
}

func readFile(t *testing.T, parts ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// object is one that the chart renders.
type object struct {
	kind, name string
	text       []byte
}

// renderAs renders the chart as a release of that name: every file by its name, without
// those that come out empty.
func renderAs(t *testing.T, release string, vals map[string]any) (map[string]string, error) {
	t.Helper()
	version, err := common.ParseKubeVersion(kubeVersion)
	if err != nil {
		t.Fatal(err)
	}
	caps := common.DefaultCapabilities.Copy()
	caps.KubeVersion = *version
	c := load(t)
	options := common.ReleaseOptions{Name: release, Namespace: namespace, Revision: 1, IsInstall: true}
	top, err := util.ToRenderValues(c, vals, options, caps)
	if err != nil {
		return nil, err
	}
	files, err := engine.Engine{Strict: true}.Render(c, top)
	if err != nil {
		return nil, err
	}
	named := make(map[string]string)
	for path, text := range files {
		if name := filepath.Base(path); !strings.HasPrefix(name, "_") && strings.TrimSpace(text) != "" {
			named[name] = text
		}
	}
	return named, nil
}

// render returns the objects of the chart with those values.
func render(t *testing.T, vals map[string]any) []object {
	t.Helper()
	files, err := renderAs(t, "test", vals)
	if err != nil {
		t.Fatal(err)
	}
	var all []object
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name == "NOTES.txt" {
			continue
		}
		for _, text := range bytes.Split([]byte(files[name]), []byte("\n---\n")) {
			all = append(all, newObject(t, text))
		}
	}
	return all
}

func newObject(t *testing.T, text []byte) object {
	t.Helper()
	var head struct {
		APIVersion, Kind string
		Metadata         struct{ Name string }
	}
	if err := yaml.Unmarshal(text, &head); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return object{head.APIVersion + " " + head.Kind, head.Metadata.Name, text}
}

// cases are the values of testdata/values.
func cases(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/values/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("found %d files of values: %v", len(files), err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".yaml")
	}
	return files
}
