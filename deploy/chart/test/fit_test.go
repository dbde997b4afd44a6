package chart

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

// selects reports whether a selector that is not empty has these labels among its own.
func selects(t *testing.T, s *metav1.LabelSelector, of map[string]string) bool {
	t.Helper()
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		t.Fatal(err)
	}
	return !selector.Empty() && selector.Matches(labels.Set(of))
}

func program(p *corev1.PodTemplateSpec) *corev1.Container { return &p.Spec.Containers[0] }

// keeps reports whether a selector goes by what an upgrade does not change: the version is
// another one in each release, and a workload's selector can never be changed.
func keeps(selector map[string]string) bool {
	return slices.Equal(slices.Sorted(maps.Keys(selector)), []string{"app.kubernetes.io/instance", "app.kubernetes.io/name"})
}

// TestObjectsFitTogether: what one object says about another is so.
func TestObjectsFitTogether(t *testing.T) {
	for _, name := range cases(t) {
		a := objects(t, values(t, name, ""))
		pods := a.pod.Labels
		if !selects(t, a.selector, pods) {
			t.Errorf("%s: the workload does not select its own pods", name)
		}
		if len(a.service.Spec.Selector) == 0 || !labels.SelectorFromSet(a.service.Spec.Selector).Matches(labels.Set(pods)) {
			t.Errorf("%s: the service does not select the pods", name)
		}
		if !keeps(a.selector.MatchLabels) || !keeps(a.service.Spec.Selector) {
			t.Errorf("%s: an upgrade changes the selectors %v and %v", name, a.selector.MatchLabels, a.service.Spec.Selector)
		}
		if a.budget == nil || !selects(t, a.budget.Spec.Selector, pods) || !selects(t, &a.network.Spec.PodSelector, pods) {
			t.Errorf("%s: the disruption budget or the network policy does not select the pods", name)
		}
		if a.account == nil || a.pod.Spec.ServiceAccountName != a.account.Name {
			t.Errorf("%s: the pods have the service account %q", name, a.pod.Spec.ServiceAccountName)
		}
		if a.statefulSet != nil && a.statefulSet.Spec.ServiceName != a.service.Name {
			t.Errorf("%s: the StatefulSet has the service %q", name, a.statefulSet.Spec.ServiceName)
		}
		if m := a.monitor; m != nil && (!selects(t, &m.Spec.Selector, a.service.Labels) ||
			!slices.Equal(m.Spec.NamespaceSelector.MatchNames, []string{namespace}) || m.Spec.Endpoints[0].Port != a.service.Spec.Ports[0].Name) {
			t.Errorf("%s: the ServiceMonitor does not find the service", name)
		}
		if s := a.scaled; s != nil {
			ref, kind, replicas := s.Spec.ScaleTargetRef, "Deployment", (*int32)(nil)
			if a.statefulSet != nil {
				kind, replicas = "StatefulSet", a.statefulSet.Spec.Replicas
			} else {
				replicas = a.deployment.Spec.Replicas
			}
			if ref.APIVersion != "apps/v1" || ref.Kind != kind || ref.Name != a.service.Name {
				t.Errorf("%s: scales %+v", name, ref)
			}
			if replicas != nil {
				t.Errorf("%s: an upgrade would set the replicas back to %d", name, *replicas)
			}
		}
		portsFit(t, name, a)
		volumesFit(t, name, a)
	}
}

// portsFit checks that probes, service and network policy name the port of the program.
func portsFit(t *testing.T, name string, a *all) {
	t.Helper()
	c := program(a.pod)
	port := c.Ports[0]
	listen := variable(c, "AMAZON_CAPI_LISTEN")
	if listen == nil || listen.Value != ":"+strconv.Itoa(int(port.ContainerPort)) {
		t.Errorf("%s: listens on %v, and the port is %d", name, listen, port.ContainerPort)
	}
	for path, probes := range map[string][]*corev1.Probe{"/livez": {c.StartupProbe, c.LivenessProbe}, "/readyz": {c.ReadinessProbe}} {
		for _, p := range probes {
			if p == nil || p.HTTPGet == nil || p.HTTPGet.Path != path || p.HTTPGet.Port != intstr.FromString(port.Name) {
				t.Errorf("%s: want a probe of %s on %s, not %v", name, path, port.Name, p)
			}
		}
	}
	if p := a.service.Spec.Ports[0]; p.TargetPort != intstr.FromString(port.Name) {
		t.Errorf("%s: the service is for %v", name, p)
	}
	for _, rule := range a.network.Spec.Ingress {
		if len(rule.From) == 0 || rule.Ports[0].Port.StrVal != port.Name {
			t.Errorf("%s: lets in %v", name, rule)
		}
	}
}

// volumesFit checks that each mount has its volume, each file its source, and that no file
// is mounted by itself: such a one would never change.
func volumesFit(t *testing.T, name string, a *all) {
	t.Helper()
	volumes := make(map[string]bool)
	for _, v := range a.pod.Spec.Volumes {
		volumes[v.Name] = true
		if v.Projected == nil {
			t.Errorf("%s: volume %s is not projected", name, v.Name)
			continue
		}
		for _, s := range v.Projected.Sources {
			if s.ConfigMap != nil && a.configMaps[s.ConfigMap.Name] == nil {
				t.Errorf("%s: there is no ConfigMap %s", name, s.ConfigMap.Name)
			}
			if s.Secret != nil && (s.Secret.Name == "" || len(s.Secret.Items) != 1) {
				t.Errorf("%s: mounts all of Secret %q", name, s.Secret.Name)
			}
		}
	}
	for _, m := range program(a.pod).VolumeMounts {
		if !volumes[m.Name] || m.SubPath != "" || !m.ReadOnly {
			t.Errorf("%s: mount %+v", name, m)
		}
		delete(volumes, m.Name)
	}
	if len(volumes) > 0 {
		t.Errorf("%s: volumes %v are not mounted", name, volumes)
	}
}

func variable(c *corev1.Container, name string) *corev1.EnvVar {
	for i := range c.Env {
		if c.Env[i].Name == name {
			return &c.Env[i]
		}
	}
	return nil
}

// TestPodSecurity: the pods pass Kubernetes' own "restricted" standard, and cannot write.
func TestPodSecurity(t *testing.T) {
	latest := api.LatestVersion()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range cases(t) {
		a := objects(t, values(t, name, ""))
		restricted := api.LevelVersion{Level: api.LevelRestricted, Version: latest}
		sum := policy.AggregateCheckResults(evaluator.EvaluatePod(restricted, &a.pod.ObjectMeta, &a.pod.Spec))
		if !sum.Allowed {
			t.Errorf("%s: %s", name, sum.ForbiddenDetail())
		}
		c := program(a.pod)
		if root := c.SecurityContext.ReadOnlyRootFilesystem; root == nil || !*root {
			t.Errorf("%s: the root filesystem can be written", name)
		}
		for what, on := range map[string]*bool{"token": a.pod.Spec.AutomountServiceAccountToken, "links": a.pod.Spec.EnableServiceLinks, "account's token": a.account.AutomountServiceAccountToken} {
			if on == nil || *on {
				t.Errorf("%s: the pods are given %s", name, what)
			}
		}
	}
}

// TestGrace: a pod has time for the drain and for what comes after it.
func TestGrace(t *testing.T) {
	for drain, want := range map[string]int64{"": 45, "25s": 45, "1m30s": 110, "2h": 7220, "1500ms": 21, "0": 20} {
		more := "config: {}"
		if drain != "" {
			more = "config: {drain: '" + drain + "'}"
		}
		a := objects(t, values(t, "plain", more))
		if got := *a.pod.Spec.TerminationGracePeriodSeconds; got != want {
			t.Errorf("drain %q: a pod has %d s to end, want %d", drain, got, want)
		}
	}
	page := string(readFile(t, root, "docs", "reference", "flags.md"))
	if row := regexp.MustCompile("`--drain` \\| ([^|]+) \\|").FindStringSubmatch(page); row == nil || row[1] != "25 seconds" {
		t.Errorf("the chart takes --drain to be 25s by default, and it is %v", row)
	}
}

// TestMemory: the garbage collector is told nine tenths of what the container may have.
func TestMemory(t *testing.T) {
	for limit, bytes := range map[string]float64{"512Mi": 512 << 20, "1.5Gi": 1.5 * (1 << 30), "800M": 8e8, "536870912": 512 << 20, `"2147483648"`: 2 << 30, "1Ti": 1 << 40, "700000Ki": 700000 << 10} {
		a := objects(t, values(t, "plain", "resources: {limits: {memory: "+limit+"}}"))
		c := program(a.pod)
		if got, want := variable(c, "GOMEMLIMIT"), strconv.FormatFloat(math.Floor(bytes*0.9), 'f', -1, 64); got == nil || got.Value != want {
			t.Errorf("memory %s: GOMEMLIMIT %v, want %s", limit, got, want)
		}
		if got := c.Resources.Limits.Memory().AsApproximateFloat64(); got != bytes {
			t.Errorf("memory %s: the container may have %g, and is thought to have %g", limit, got, bytes)
		}
	}
	a := objects(t, values(t, "plain", "resources: {limits: null}"))
	if got := variable(program(a.pod), "GOMEMLIMIT"); got != nil {
		t.Errorf("GOMEMLIMIT %v without a limit", got)
	}
}

// TestStaticMembership: a member of a StatefulSet is named after its pod, whose name outlives
// a restart; a Deployment's pods have new names each time.
func TestStaticMembership(t *testing.T) {
	a := objects(t, values(t, "statefulset", ""))
	id := variable(program(a.pod), "AMAZON_CAPI_INSTANCE_ID")
	if a.statefulSet == nil || id == nil || id.ValueFrom == nil || id.ValueFrom.FieldRef.FieldPath != "metadata.name" {
		t.Errorf("a StatefulSet's member has the id %v", id)
	}
	if a.service.Spec.ClusterIP != corev1.ClusterIPNone {
		t.Error("a StatefulSet's service has an address of its own")
	}
	a = objects(t, values(t, "plain", ""))
	if id := variable(program(a.pod), "AMAZON_CAPI_INSTANCE_ID"); a.deployment == nil || id != nil {
		t.Errorf("a Deployment's member has the id %v", id)
	}
}

// TestEgress: the addresses in the settings can be reached, and those in values.
func TestEgress(t *testing.T) {
	for name, want := range map[string][]int32{"plain": {443, 8081, 9092}, "statefulset": {443, 80, 8443, 9096, 9097, 9098}, "accounts": {443, 9092, 9094}} {
		more := ""
		if name == "accounts" {
			more = "config: {registry: null, glue-region: eu-west-1, brokers: 'kafka, other:9094'}"
		}
		a := objects(t, values(t, name, more))
		got := make(map[int32]bool)
		for _, p := range a.network.Spec.Egress[1].Ports {
			got[p.Port.IntVal] = true
		}
		slices.Sort(want)
		if ports := slices.Sorted(maps.Keys(got)); !slices.Equal(ports, want) {
			t.Errorf("%s: reaches %v, want %v", name, ports, want)
		}
		if len(a.network.Spec.PolicyTypes) != 2 {
			t.Errorf("%s: the policy is about %v", name, a.network.Spec.PolicyTypes)
		}
	}
}

// TestWhatRestartsPods: a change of the settings replaces the pods, and one that the program
// notices by itself does not.
func TestWhatRestartsPods(t *testing.T) {
	sum := func(more string) string {
		return objects(t, values(t, "accounts", more)).pod.Annotations["checksum/config"]
	}
	before := sum("")
	for more, restarts := range map[string]bool{
		"config: {linger: 2s}":                      true,
		"files: {mapping.yaml: 'extends: default'}": true,
		"accounts: {file: {default: other}}":        false,
		"guardResume: all":                          false,
		"serviceMonitor: {interval: 10s}":           false,
	} {
		if got := sum(more) != before; got != restarts {
			t.Errorf("%s: pods are replaced %v, want %v", more, got, restarts)
		}
	}
}

// TestNumbersStayWhole: a million is not 1e+06, which the program would refuse.
func TestNumbersStayWhole(t *testing.T) {
	a := objects(t, values(t, "statefulset", ""))
	config := a.configMaps["capi"].Data["config.yaml"]
	for _, want := range []string{"max-in-flight-events: 1000000\n", "max-parked-events: 2500000\n", "receipts-topic: \"\"\n"} {
		if !strings.Contains(config, want) {
			t.Errorf("want %q in\n%s", want, config)
		}
	}
	a = objects(t, values(t, "accounts", ""))
	if accounts := a.configMaps["test-amazon-capi-reloaded"].Data["accounts.yaml"]; !strings.Contains(accounts, "batch_bytes: 1000000") || !strings.Contains(accounts, `id: "1234567890"`) {
		t.Errorf("accounts.yaml is\n%s", accounts)
	}
}

// TestAlertsFindTheirJob: the rules name a job, and Prometheus gives the members that name.
func TestAlertsFindTheirJob(t *testing.T) {
	a := objects(t, values(t, "accounts", ""))
	var rules strings.Builder
	for _, g := range a.rule.Spec.Groups {
		for _, r := range g.Rules {
			rules.WriteString(r.Expr.String() + "\n")
		}
	}
	job := regexp.MustCompile(`job="([^"]+)"`).FindStringSubmatch(rules.String())
	if job == nil {
		t.Fatal("no rule names a job")
	}
	relabel := a.monitor.Spec.Endpoints[0].RelabelConfigs
	if len(relabel) != 1 || relabel[0].TargetLabel != "job" || *relabel[0].Replacement != job[1] {
		t.Errorf("members are not scraped as the job %s", job[1])
	}
	if interval, err := time.ParseDuration(string(a.monitor.Spec.Endpoints[0].Interval)); err != nil || interval > time.Minute {
		t.Errorf("scraped every %v (%v); the alerts are about minutes", interval, err)
	}
}

// TestNotes: what is printed after an installation is about this one.
func TestNotes(t *testing.T) {
	files, err := renderAs(t, "test", values(t, "plain", ""))
	if err != nil {
		t.Fatal(err)
	}
	notes := files["NOTES.txt"]
	for _, want := range []string{"deployment/test-amazon-capi 8080", "-n amazon-capi", "443, 8081, 9092"} {
		if !strings.Contains(notes, want) {
			t.Errorf("want %q in\n%s", want, notes)
		}
	}
	var defaults map[string]any
	if err := yaml.Unmarshal(readFile(t, chartDir, "values.yaml"), &defaults); err != nil || len(defaults["secretSettings"].(map[string]any)) > 0 {
		t.Errorf("the chart's own values name secrets: %v", err)
	}
}
