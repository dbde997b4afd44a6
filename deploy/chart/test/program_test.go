package chart

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// binary is the program, which make chart builds.
func binary(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, "bin", "amazon-capi"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v; make build first", err)
	}
	return path
}

// container is the program's container as a process on this machine: its files are below a
// folder of the test, and all that names them says so.
type container struct {
	args, env []string
	// mounts are where the container's folders are here.
	mounts map[string]string
}

// put writes a file below a mounted folder as the kubelet does: a link to a link to it, of
// which the inner one is replaced when something changes.
func (c *container) put(t *testing.T, at string, files map[string]string) {
	t.Helper()
	dir, ok := c.mounts[at]
	if !ok {
		t.Fatalf("nothing is mounted at %s", at)
	}
	version, err := os.MkdirTemp(dir, "..v")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(version, name), []byte(c.here(text)), 0o440); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
	next := filepath.Join(dir, "..next")
	if err := os.Symlink(filepath.Base(version), next); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
}

// here replaces the container's folders.
func (c *container) here(text string) string {
	for at, dir := range c.mounts {
		text = strings.ReplaceAll(text, at, dir)
	}
	return text
}

// secretOf is what the key of a Secret holds in these tests.
func secretOf(path string) string { return "not-a-secret-" + path }

// configFiles are the files that the pods' ConfigMaps have.
func (a *all) configFiles() map[string]string {
	files := make(map[string]string)
	for _, v := range a.pod.Spec.Volumes {
		for _, s := range v.Projected.Sources {
			if s.ConfigMap != nil {
				for name, text := range a.configMaps[s.ConfigMap.Name].Data {
					files[name] = text
				}
			}
		}
	}
	return files
}

// contain puts the files of a pod where its mounts say.
func contain(t *testing.T, a *all) *container {
	t.Helper()
	of := program(a.pod)
	c := &container{mounts: make(map[string]string)}
	for _, m := range of.VolumeMounts {
		c.mounts[m.MountPath] = t.TempDir()
	}
	secrets := make(map[string]string)
	for _, v := range a.pod.Spec.Volumes {
		for _, s := range v.Projected.Sources {
			if s.Secret != nil {
				path := s.Secret.Items[0].Path
				secrets[path] = secretOf(path)
			}
		}
	}
	for _, m := range of.VolumeMounts {
		if m.Name == "config" {
			c.put(t, m.MountPath, a.configFiles())
		} else {
			c.put(t, m.MountPath, secrets)
		}
	}
	for _, arg := range of.Args {
		c.args = append(c.args, c.here(arg))
	}
	for _, e := range of.Env {
		c.env = append(c.env, e.Name+"="+valueOf(t, a, e))
	}
	return c
}

// valueOf is the value of a variable in a pod called NAME-0.
func valueOf(t *testing.T, a *all, e corev1.EnvVar) string {
	t.Helper()
	switch {
	case e.ValueFrom == nil:
		return e.Value
	case e.ValueFrom.FieldRef != nil && e.ValueFrom.FieldRef.FieldPath == "metadata.name":
		return a.service.Name + "-0"
	}
	t.Fatalf("variable %s has its value from %v", e.Name, e.ValueFrom)
	return ""
}

// TestSettingsThatRunHas: each setting that the chart writes is one of run, in the file and in
// the environment. The file may hold other commands' settings, which run would not notice.
func TestSettingsThatRunHas(t *testing.T) {
	flags := append(runFlags(t), commonFlags...)
	for _, name := range cases(t) {
		a := objects(t, values(t, name, ""))
		var config map[string]any
		if err := yaml.UnmarshalStrict([]byte(a.configFiles()["config.yaml"]), &config); err != nil || len(config) < 4 {
			t.Fatalf("%s: %v: %v", name, config, err)
		}
		for key := range config {
			if !slices.Contains(flags, key) {
				t.Errorf("%s: run has no --%s", name, key)
			}
		}
		c := program(a.pod)
		for _, e := range c.Env {
			flag, ours := strings.CutPrefix(e.Name, "AMAZON_CAPI_")
			if flag = strings.ReplaceAll(strings.ToLower(flag), "_", "-"); ours && !slices.Contains(flags, flag) {
				t.Errorf("%s: run has no --%s", name, flag)
			}
		}
		if c.Args[0] != "run" || len(c.Args) != 3 || c.Args[1] != "--config" {
			t.Errorf("%s: the command line is %q", name, c.Args)
		}
	}
}

// TestTheProgramTakesIt: what a pod is given passes check, without a warning.
func TestTheProgramTakesIt(t *testing.T) {
	for _, name := range cases(t) {
		c := contain(t, objects(t, values(t, name, "")))
		cmd := exec.CommandContext(t.Context(), binary(t), append([]string{"check"}, c.args[1:]...)...)
		cmd.Env = c.env
		out, err := cmd.CombinedOutput()
		if err != nil || strings.Contains(string(out), "warning") {
			t.Errorf("%s: check: %v\n%s", name, err, out)
		}
	}
	c := contain(t, objects(t, values(t, "plain", "")))
	c.put(t, "/etc/amazon-capi", map[string]string{"config.yaml": "broker: kafka:9092\n"})
	cmd := exec.CommandContext(t.Context(), binary(t), append([]string{"check"}, c.args[1:]...)...)
	cmd.Env = c.env
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("check takes a misspelt setting:\n%s", out)
	}
}

// started is the program, run as a pod runs it.
type started struct {
	cmd *exec.Cmd
	log *bufio.Scanner
}

// start runs the program with the command line, files and variables of a container, and
// returns when it has logged a line with that text.
func start(t *testing.T, c *container, until string) *started {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // for a line that never comes
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, binary(t), c.args...)
	cmd.Env = c.env
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &started{cmd, bufio.NewScanner(stderr)}
	s.await(t, until)
	return s
}

// await reads the log up to a line with that text.
func (s *started) await(t *testing.T, text string) {
	t.Helper()
	var read strings.Builder
	for s.log.Scan() {
		read.WriteString(s.log.Text() + "\n")
		if strings.Contains(s.log.Text(), text) {
			return
		}
	}
	t.Fatalf("the program ended, and never logged %q:\n%s", text, read.String())
}

func (s *started) stop(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for s.log.Scan() { // the program waits for whoever reads its log
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

// freePort is one that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func get(t *testing.T, url string) (status int, text string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

// addressOfThisMachine is one that is not loopback, as a node's is for a pod; loopback where
// there is none.
func addressOfThisMachine(t *testing.T) string {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if ip, ok := a.(*net.IPNet); ok && !ip.IP.IsLoopback() && ip.IP.To4() != nil {
			return ip.IP.String()
		}
	}
	return "127.0.0.1"
}

// TestProbesAndReload runs the program as a pod would, with nothing that it needs: the
// liveness probe passes from outside and the readiness probe does not, an accounts file that
// the kubelet replaces is applied, and a stop is in order.
func TestProbesAndReload(t *testing.T) {
	port := freePort(t)
	more := fmt.Sprintf("{port: %d, config: {brokers: ['127.0.0.1:1'], registry: 'http://127.0.0.1:1', receipts-topic: '', erasure-topic: '', drain: 1s}}", port)
	a := objects(t, values(t, "accounts", more))
	c := contain(t, a)
	s := start(t, c, `"condition":"brokers"`) // it serves its pages before it looks for them

	for _, p := range []*corev1.Probe{program(a.pod).StartupProbe, program(a.pod).LivenessProbe, program(a.pod).ReadinessProbe} {
		want := http.StatusOK
		if p == program(a.pod).ReadinessProbe {
			want = http.StatusServiceUnavailable
		}
		url := fmt.Sprintf("http://%s:%d%s", addressOfThisMachine(t), port, p.HTTPGet.Path)
		if status, text := get(t, url); status != want {
			t.Errorf("%s answers %d, want %d:\n%s", p.HTTPGet.Path, status, want, text)
		}
	}

	files := a.configFiles()
	profile := regexp.MustCompile(`(?m)^( *)id: "1234567890"$`)
	files["accounts.yaml"] = profile.ReplaceAllString(files["accounts.yaml"], "$0\n${1}paused: true")
	c.put(t, "/etc/amazon-capi", files)
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil { // at once, and not within ten seconds
		t.Fatal(err)
	}
	s.await(t, "accounts reloaded")
	s.stop(t)
}
