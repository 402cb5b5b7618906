package devloop

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The sub-charts are folders beside the chart; packing them needs no network.
func TestMain(m *testing.M) {
	if printed, err := exec.Command(helm(), "dependency", "build", "--skip-refresh", root+"charts/order-saga").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "helm dependency build: %v\n%s", err, printed)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func renderChart(t *testing.T, namespace string, values []string) []object {
	t.Helper()
	objects, err := render("charts/order-saga", namespace, values)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func mustRun(t *testing.T, release bool) *tilt {
	t.Helper()
	tilt, err := run(release)
	if err != nil {
		t.Fatalf("the Tiltfile fails: %v", err)
	}
	for _, fault := range tilt.faults {
		t.Error(fault)
	}
	return tilt
}

func TestTiltfile(t *testing.T) {
	tilt := mustRun(t, false)
	for _, name := range []string{"order", "payment", "inventory", "notification", "console", "rabbitmq", "order-db", "payment-db", "inventory-db", "order-migrate", "operators", "namespace"} {
		if !tilt.resources[name] {
			t.Errorf("there is no resource %s", name)
		}
	}
	if tilt.buttons != 3 {
		t.Errorf("found %d buttons, wanted 3", tilt.buttons)
	}
}

func TestTiltfileAsRelease(t *testing.T) {
	if !mustRun(t, true).resources[release] {
		t.Errorf("there is no resource %s", release)
	}
}

// Tilt renders without a cluster, so the chart cannot find out by itself that Prometheus is there.
func TestMonitorsAreRenderedForTilt(t *testing.T) {
	for _, object := range renderChart(t, "order-saga", []string{"charts/order-saga/values-dev.yaml"}) {
		if object.Kind == "PodMonitor" {
			return
		}
	}
	t.Error("values-dev.yaml renders no PodMonitor")
}

// A service that does not watch its files would never run what a live update brings.
func TestServicesWatchTheirFiles(t *testing.T) {
	for _, object := range renderChart(t, "order-saga", []string{"charts/order-saga/values-dev.yaml"}) {
		// Those of operations have no live update.
		name := object.Metadata.Name
		if object.Kind != "Deployment" || strings.HasSuffix(name, "-toolbox") || strings.HasSuffix(name, "-console") {
			continue
		}
		command := object.Spec.Template.Spec.Containers[0].Command
		if len(command) < 2 || command[0] != "node" || command[1] != "--watch" {
			t.Errorf("%s starts with %v", name, command)
		}
	}
}
