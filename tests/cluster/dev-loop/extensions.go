package devloop

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.yaml.in/yaml/v3"
)

// extension stands in for the extensions the Tiltfile loads, with their parameters.
func (t *tilt) extension(module string) (starlark.StringDict, error) {
	switch module {
	case "ext://helm_resource":
		return functions(builtin("helm_resource", []string{"name", "chart", "deps?", "release_name?", "namespace?", "image_deps?", "image_keys?", "flags?", "image_selector?", "container_selector?", "live_update?", "resource_deps?", "labels?", "port_forwards?", "auto_init?", "pod_readiness?", "update_dependencies?"}, t.helmResource)), nil
	case "ext://namespace":
		return functions(builtin("namespace_create", []string{"name", "allow_duplicates?", "annotations?", "labels?"}, func(a map[string]starlark.Value) (starlark.Value, error) {
			for _, label := range texts(a["labels"]) {
				if !strings.Contains(label, ": ") {
					t.fault("the label %s of the namespace is no line of YAML", label)
				}
			}
			return nil, nil
		})), nil
	case "ext://uibutton":
		return functions(builtin("cmd_button", []string{"name", "resource?", "argv?", "text?", "location?", "icon_name?", "icon_svg?", "inputs?"}, func(a map[string]starlark.Value) (starlark.Value, error) {
			t.buttons[text(a["name"])] = text(a["resource"])
			t.checkCommand(text(a["name"]), texts(a["argv"]))
			return nil, nil
		})), nil
	}
	return nil, fmt.Errorf("there is no extension %s", module)
}

func functions(all ...*starlark.Builtin) starlark.StringDict {
	known := starlark.StringDict{}
	for _, function := range all {
		known[function.Name()] = function
	}
	return known
}

func (t *tilt) helmResource(a map[string]starlark.Value) (starlark.Value, error) {
	name := text(a["name"])
	for _, path := range texts(a["deps"]) {
		t.mustExist(name, path)
	}
	for _, flag := range texts(a["flags"]) {
		if file, ok := strings.CutPrefix(flag, "--values="); ok {
			t.mustExist(name, file)
		}
	}
	images := texts(a["image_deps"])
	keys, _ := a["image_keys"].(*starlark.List)
	if (keys == nil && len(images) > 0) || (keys != nil && keys.Len() != len(images)) {
		return nil, fmt.Errorf("%s: image_deps and image_keys differ in length", name)
	}
	for i, image := range images {
		if _, built := t.images[image]; !built {
			t.fault("%s: nothing builds %s", name, image)
		}
		t.images[image] = true
		for _, key := range keys.Index(i).(starlark.Tuple) {
			t.checkValue(text(a["chart"]), text(key))
		}
	}
	return nil, t.newResource(name, texts(a["resource_deps"]))
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

// checkCommand looks for the files and the Deployment a button's command names.
func (t *tilt) checkCommand(button string, argv []string) {
	for _, arg := range argv {
		if strings.HasSuffix(arg, ".ts") {
			t.mustExist(button, arg)
		}
		deployment, ok := strings.CutPrefix(arg, "deployment/")
		if !ok || t.release {
			continue
		}
		if !slices.ContainsFunc(t.objects, func(o object) bool { return o.Kind == "Deployment" && o.Metadata.Name == deployment }) {
			t.fault("the button %s needs the Deployment %s, which the chart does not have", button, deployment)
		}
	}
}
