package devloop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.yaml.in/yaml/v3"
)

// manual is Tilt's TRIGGER_MODE_MANUAL: such a resource runs by its button only.
var manual = starlark.String("manual")

func (t *tilt) localResource(a map[string]starlark.Value) (starlark.Value, error) {
	name, argv := text(a["name"]), texts(a["cmd"])
	if len(argv) == 1 {
		argv = strings.Fields(argv[0])
	}
	if a["trigger_mode"] == manual {
		t.buttons++
	}
	t.checkCommand(name, argv)
	return nil, t.newResource(name, texts(a["resource_deps"]))
}

// checkCommand finds the files, the make target and the Deployment that a command names.
func (t *tilt) checkCommand(resource string, argv []string) {
	if len(argv) == 2 && argv[0] == "make" {
		makefile, _ := os.ReadFile(filepath.Join(root, "Makefile"))
		if !strings.Contains(string(makefile), "\n"+argv[1]+":") {
			t.fault("%s: there is no make target %s", resource, argv[1])
		}
	}
	for _, arg := range argv {
		if strings.HasSuffix(arg, ".ts") {
			t.mustExist(resource, arg)
		}
		deployment, ok := strings.CutPrefix(arg, "deployment/")
		if !ok || t.release {
			continue
		}
		if !slices.ContainsFunc(t.objects, func(o object) bool { return o.Kind == "Deployment" && o.Metadata.Name == deployment }) {
			t.fault("%s needs the Deployment %s, which the chart does not have", resource, deployment)
		}
	}
}

// customDeploy runs the command that deploys, as Tilt does but with fakes of Helm and kubectl, and compares the
// values that Helm receives with the images and with the chart.
func (t *tilt) customDeploy(a map[string]starlark.Value) (starlark.Value, error) {
	name := text(a["name"])
	for _, path := range texts(a["deps"]) {
		t.mustExist(name, path)
	}
	images := texts(a["image_deps"])
	environment := os.Environ()
	for i, image := range images {
		if _, built := t.images[image]; !built {
			t.fault("%s: nothing builds %s", name, image)
		}
		t.images[image] = true
		environment = append(environment, fmt.Sprintf("TILT_IMAGE_%d=localhost:5001/%s:tilt-%d", i, image, i))
	}
	arguments, err := argumentsOfHelm(text(a["apply_cmd"]), environment)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	received := map[string]string{}
	chart := ""
	for _, argument := range arguments {
		if strings.HasPrefix(argument, "charts/") {
			chart = argument
		}
		if file, ok := strings.CutPrefix(argument, "--values="); ok {
			t.mustExist(name, file)
		}
		if set, ok := strings.CutPrefix(argument, "--set="); ok {
			key, value, _ := strings.Cut(set, "=")
			t.checkValue(chart, key)
			received[strings.TrimPrefix(key, "services.")] = value
		}
	}
	for i, image := range images {
		service := strings.TrimPrefix(image, "order-saga/")
		if received[service+".image.repository"] != "localhost:5001/"+image || received[service+".image.tag"] != fmt.Sprintf("tilt-%d", i) {
			t.fault("%s does not pass the image %s to Helm", name, image)
		}
	}
	return nil, t.newResource(name, nil)
}

// argumentsOfHelm runs a command with a Helm that prints its arguments and a kubectl that does nothing.
func argumentsOfHelm(command string, environment []string) ([]string, error) {
	folder, err := os.MkdirTemp("", "order-saga-tilt-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	for name, body := range map[string]string{"helm": `[ "$1" = get ] || printf '%s\n' "$@"`, "kubectl": "cat >/dev/null"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
			return nil, err
		}
	}
	run := exec.Command("sh", "-c", command)
	run.Dir = root
	run.Env = append(environment, "PATH="+folder+":"+os.Getenv("PATH"))
	printed, err := run.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %s", command, printed)
	}
	return strings.Split(strings.TrimSpace(string(printed)), "\n"), nil
}

// checkValue finds a key, written with dots, in the chart's own values.
func (t *tilt) checkValue(chart, key string) {
	raw, err := os.ReadFile(filepath.Join(root, chart, "values.yaml"))
	var values map[string]any
	if err != nil || yaml.Unmarshal(raw, &values) != nil {
		t.fault("%s has no values", chart)
		return
	}
	var at any = values
	for part := range strings.SplitSeq(key, ".") {
		parent, _ := at.(map[string]any)
		next, known := parent[part]
		if !known {
			t.fault("%s has no value %s", chart, key)
			return
		}
		at = next
	}
}
