package devloop

import (
	"os"
	"testing"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kind/pkg/internal/apis/config"
	"sigs.k8s.io/kind/pkg/internal/apis/config/encoding"
)

const root = "../../../"

func loadKind(t *testing.T) *config.Cluster {
	t.Helper()
	cluster, err := encoding.Load(root + "kind-config.yaml")
	if err != nil {
		t.Fatalf("kind does not read kind-config.yaml: %v", err)
	}
	if err := cluster.Validate(); err != nil {
		t.Fatalf("kind refuses kind-config.yaml: %v", err)
	}
	return cluster
}

func TestKindTakesTheConfiguration(t *testing.T) {
	zones := map[string]bool{}
	controlPlanes := 0
	for _, node := range loadKind(t).Nodes {
		if node.Role == config.ControlPlaneRole {
			controlPlanes++
			continue
		}
		zones[node.Labels["topology.kubernetes.io/zone"]] = true
	}
	if controlPlanes != 1 || len(zones) != 2 || zones[""] {
		t.Errorf("found %d control planes and workers in the zones %v, wanted one and two zones", controlPlanes, zones)
	}
}

// A port of the host is of use only when a Service listens where it leads to.
func TestMappedPortsLeadToServices(t *testing.T) {
	mapped := map[int32]int32{}
	for _, node := range loadKind(t).Nodes {
		for _, mapping := range node.ExtraPortMappings {
			if mapping.ListenAddress != "127.0.0.1" {
				t.Errorf("port %d is open to other machines", mapping.HostPort)
			}
			mapped[mapping.HostPort] = mapping.ContainerPort
		}
	}
	var monitoring struct {
		Grafana struct {
			Service struct {
				Type     string
				NodePort int32 `yaml:"nodePort"`
			}
		}
	}
	readYAML(t, "k8s/kube-prometheus-stack-values.yaml", &monitoring)
	if grafana := monitoring.Grafana.Service; grafana.Type != "NodePort" || grafana.NodePort != mapped[3030] {
		t.Errorf("Grafana is at %s %d, and port 3030 leads to %d", grafana.Type, grafana.NodePort, mapped[3030])
	}
	for _, object := range renderChart(t, "order-saga", []string{"charts/order-saga/values-dev.yaml"}) {
		if object.Kind != "Service" || object.Metadata.Name != release+"-order" {
			continue
		}
		for _, port := range object.Spec.Ports {
			if port.Port == 3000 && port.NodePort == mapped[3000] {
				return
			}
		}
	}
	t.Errorf("no port of the order API's Service is at %d, where port 3000 leads to", mapped[3000])
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(root + file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
