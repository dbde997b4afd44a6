package chart

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// scaledObject has the fields of KEDA's ScaledObject: its own types would bring the client
// libraries of every cloud.
type scaledObject struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		ScaleTargetRef struct {
			APIVersion             string `json:"apiVersion"`
			Kind                   string `json:"kind"`
			Name                   string `json:"name"`
			EnvSourceContainerName string `json:"envSourceContainerName"`
		} `json:"scaleTargetRef"`
		PollingInterval *int32 `json:"pollingInterval"`
		CooldownPeriod  *int32 `json:"cooldownPeriod"`
		MinReplicaCount *int32 `json:"minReplicaCount"`
		MaxReplicaCount *int32 `json:"maxReplicaCount"`
		Advanced        struct {
			HorizontalPodAutoscalerConfig struct {
				Name     string                                         `json:"name"`
				Behavior *autoscalingv2.HorizontalPodAutoscalerBehavior `json:"behavior"`
			} `json:"horizontalPodAutoscalerConfig"`
		} `json:"advanced"`
		Triggers []struct {
			Type       string                         `json:"type"`
			Name       string                         `json:"name"`
			MetricType autoscalingv2.MetricTargetType `json:"metricType"`
			Metadata   prometheusTrigger              `json:"metadata"`
			// The API server takes texts alone for these, which their type here checks.
			AuthenticationRef *struct {
				Name string `json:"name"`
				Kind string `json:"kind"`
			} `json:"authenticationRef"`
		} `json:"triggers"`
	} `json:"spec"`
}

// prometheusTrigger has what KEDA's Prometheus scaler knows, of which all are texts.
type prometheusTrigger struct {
	ServerAddress       string `json:"serverAddress"`
	Query               string `json:"query"`
	Threshold           string `json:"threshold"`
	ActivationThreshold string `json:"activationThreshold"`
	IgnoreNullValues    string `json:"ignoreNullValues"`
	Timeout             string `json:"timeout"`
	AuthModes           string `json:"authModes"`
	UnsafeSSL           string `json:"unsafeSsl"`
}

// types are what the API server would read each kind of object with.
var types = map[string]func() metav1.Object{
	"apps/v1 Deployment":                      func() metav1.Object { return new(appsv1.Deployment) },
	"apps/v1 StatefulSet":                     func() metav1.Object { return new(appsv1.StatefulSet) },
	"v1 ConfigMap":                            func() metav1.Object { return new(corev1.ConfigMap) },
	"v1 Service":                              func() metav1.Object { return new(corev1.Service) },
	"v1 ServiceAccount":                       func() metav1.Object { return new(corev1.ServiceAccount) },
	"policy/v1 PodDisruptionBudget":           func() metav1.Object { return new(policyv1.PodDisruptionBudget) },
	"networking.k8s.io/v1 NetworkPolicy":      func() metav1.Object { return new(networkingv1.NetworkPolicy) },
	"monitoring.coreos.com/v1 ServiceMonitor": func() metav1.Object { return new(monitoring.ServiceMonitor) },
	"monitoring.coreos.com/v1 PrometheusRule": func() metav1.Object { return new(monitoring.PrometheusRule) },
	"keda.sh/v1alpha1 ScaledObject":           func() metav1.Object { return new(scaledObject) },
}

// decode reads an object as the API server would with --validate=strict: a field that is
// unknown, given twice or of another type is a mistake.
func decode(o object) (metav1.Object, error) {
	fresh, ok := types[o.kind]
	if !ok {
		return nil, fmt.Errorf("no type for %s", o.kind)
	}
	text, err := yaml.YAMLToJSONStrict(o.text)
	if err != nil {
		return nil, err
	}
	into := fresh()
	strict, err := json.UnmarshalStrict(text, into)
	return into, errors.Join(append(strict, err)...)
}

// all are the objects of one rendering, by their kind.
type all struct {
	deployment  *appsv1.Deployment
	statefulSet *appsv1.StatefulSet
	pod         *corev1.PodTemplateSpec
	selector    *metav1.LabelSelector
	configMaps  map[string]*corev1.ConfigMap
	service     *corev1.Service
	account     *corev1.ServiceAccount
	budget      *policyv1.PodDisruptionBudget
	network     *networkingv1.NetworkPolicy
	monitor     *monitoring.ServiceMonitor
	rule        *monitoring.PrometheusRule
	scaled      *scaledObject
}

func objects(t *testing.T, vals map[string]any) *all {
	t.Helper()
	a := &all{configMaps: make(map[string]*corev1.ConfigMap)}
	seen := make(map[string]bool)
	for _, o := range render(t, vals) {
		into, err := decode(o)
		if err != nil {
			t.Fatalf("%s: %v in\n%s", o.kind, err, o.text)
		}
		if id := o.kind + " " + o.name; seen[id] {
			t.Errorf("%s is there twice", id)
		} else {
			seen[id] = true
		}
		if into.GetNamespace() != namespace || len(o.name) > 63 {
			t.Errorf("%s %s: namespace %q", o.kind, o.name, into.GetNamespace())
		}
		switch x := into.(type) {
		case *appsv1.Deployment:
			a.deployment, a.pod, a.selector = x, &x.Spec.Template, x.Spec.Selector
		case *appsv1.StatefulSet:
			a.statefulSet, a.pod, a.selector = x, &x.Spec.Template, x.Spec.Selector
		case *corev1.ConfigMap:
			a.configMaps[x.Name] = x
		case *corev1.Service:
			a.service = x
		case *corev1.ServiceAccount:
			a.account = x
		case *policyv1.PodDisruptionBudget:
			a.budget = x
		case *networkingv1.NetworkPolicy:
			a.network = x
		case *monitoring.ServiceMonitor:
			a.monitor = x
		case *monitoring.PrometheusRule:
			a.rule = x
		case *scaledObject:
			a.scaled = x
		}
	}
	if a.pod == nil || a.service == nil {
		t.Fatal("there is no workload or no service")
	}
	return a
}

// TestStrictTypes: what the chart writes is read by types that refuse what they do not know.
func TestStrictTypes(t *testing.T) {
	used := make(map[string]bool)
	for _, name := range cases(t) {
		for _, o := range render(t, values(t, name, "")) {
			used[o.kind] = true
			if _, err := decode(o); err != nil {
				t.Errorf("%s: %s: %v in\n%s", name, o.kind, err, o.text)
			}
		}
	}
	for kind := range types {
		if !used[kind] {
			t.Errorf("no file of values renders %s", kind)
		}
	}
	for _, text := range []string{
		"apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {terminationGracePeriodSecond: 30}}}",
		"apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {terminationgraceperiodseconds: 30}}}",
		"apiVersion: v1\nkind: Service\nspec: {clusterIP: None, clusterIP: None}",
		"apiVersion: v1\nkind: Service\nspec: {ports: [{port: x}]}",
		"apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nspec: {endpoints: [{ports: http}]}",
		"apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nspec: {minReplicas: 1}",
		"apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nspec: {triggers: [{metadata: {threshold: 5}}]}",
	} {
		if _, err := decode(newObject(t, []byte(text))); err == nil {
			t.Errorf("taken in spite of its mistake:\n%s", text)
		}
	}
}

// TestRefusals: values with a mistake are refused with what to do, before anything is changed.
func TestRefusals(t *testing.T) {
	for name, tc := range map[string]struct{ more, says string }{
		"a misspelt value":             {"replica: 3", "replica"},
		"a misspelt setting":           {"config: {broker: a}", "broker"},
		"a setting of another command": {"config: {against: x}", "against"},
		"a secret":                     {"config: {client-secret: s3cret}", "client-secret"},
		"a secret's file in config":    {"config: {sasl-password-file: /x}", "sasl-password-file"},
		"no duration":                  {"config: {drain: soon}", "drain"},
		"the chart's own setting":      {"config: {listen: ':1'}", "listen"},
		"the chart's own variable":     {"env: [{name: AMAZON_CAPI_LISTEN, value: x}]", "env"},
		"a setting that is no file":    {"secretSettings: {topic: {secret: a, key: b}}", "topic"},
		"a secret without a key":       {"secretSettings: {sasl-password-file: {secret: a}}", "key"},
		"one file of two Secrets":      {"secretFiles: {client-secret-file: {secret: a, key: b}}", "both have client-secret-file"},
		"a third workload":             {"workload: DaemonSet", "workload"},
		"no member at all":             {"autoscaling: {minReplicas: 0}", "minReplicas"},
		"two accounts files":           {"accounts: {file: {a: 1}, configMap: b}", "accounts"},
		"no Prometheus":                {"autoscaling: {enabled: true}", "autoscaling.prometheus is empty"},
		"no memory":                    {"resources: {limits: {memory: 512 MB}}", "resources.limits.memory"},
		"no brokers":                   {"config: {brokers: null}", "config.brokers is empty"},
		"no registry":                  {"config: {registry: null}", "config.registry is empty"},
		"no account":                   {"config: {client-id: null}", "no Amazon account"},
	} {
		_, err := renderAs(t, "test", values(t, "plain", tc.more))
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: want an error with %q, not: %v", name, tc.says, err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error has the secret", name)
		}
	}
}
