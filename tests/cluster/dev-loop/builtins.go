package devloop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// rendered stands for the YAML that the built-in `helm` returns; its objects are known already.
const rendered = "rendered"

func (t *tilt) builtins() starlark.StringDict {
	all := []*starlark.Builtin{
		builtin("allow_k8s_contexts", []string{"contexts"}, func(a map[string]starlark.Value) (starlark.Value, error) {
			name, _ := os.ReadFile(filepath.Join(root, "kind-config.yaml"))
			if !strings.Contains(string(name), "\nname: "+strings.TrimPrefix(text(a["contexts"]), "kind-")+"\n") {
				t.fault("the context %s is not that of kind-config.yaml", a["contexts"])
			}
			return nil, nil
		}),
		builtin("watch_file", []string{"file_path"}, func(a map[string]starlark.Value) (starlark.Value, error) {
			t.mustExist("watch_file", text(a["file_path"]))
			return nil, nil
		}),
		builtin("local", []string{"command", "quiet?", "command_bat?", "echo_off?", "env?", "dir?", "stdin?"}, func(a map[string]starlark.Value) (starlark.Value, error) {
			command := exec.Command("sh", "-c", text(a["command"]))
			command.Dir = root
			if said, err := command.CombinedOutput(); err != nil {
				return nil, fmt.Errorf("%s: %s", a["command"], said)
			}
			return starlark.String(""), nil
		}),
		builtin("local_resource", []string{"name", "cmd?", "deps?", "trigger_mode?", "resource_deps?", "ignore?", "auto_init?", "serve_cmd?", "labels?", "links?"}, t.localResource),
		builtin("k8s_custom_deploy", []string{"name", "apply_cmd", "delete_cmd", "deps", "image_selector?", "live_update?", "apply_dir?", "apply_env?", "container_selector?", "image_deps?"}, t.customDeploy),
		builtin("k8s_resource", []string{"workload?", "new_name?", "port_forwards?", "extra_pod_selectors?", "trigger_mode?", "resource_deps?", "objects?", "auto_init?", "pod_readiness?", "links?", "labels?", "discovery_strategy?"}, t.k8sResource),
		builtin("k8s_kind", []string{"kind", "api_version?", "image_json_path?", "image_object?", "pod_readiness?"}, func(a map[string]starlark.Value) (starlark.Value, error) {
			t.kinds[text(a["kind"])+" "+text(a["api_version"])] = true
			return nil, nil
		}),
		builtin("workload_to_resource_function", []string{"fn"}, func(a map[string]starlark.Value) (starlark.Value, error) {
			t.rename = a["fn"].(starlark.Callable)
			return nil, nil
		}),
		builtin("helm", []string{"pathToChartDir", "name?", "namespace?", "values?", "set?", "kube_version?", "skip_crds?"}, func(a map[string]starlark.Value) (starlark.Value, error) {
			if text(a["name"]) != release {
				t.fault("the release is %s and not %s", a["name"], release)
			}
			objects, err := render(text(a["pathToChartDir"]), text(a["namespace"]), texts(a["values"]))
			t.objects = append(t.objects, objects...)
			return starlark.String(rendered), err
		}),
		builtin("k8s_yaml", []string{"yaml", "allow_duplicates?"}, func(a map[string]starlark.Value) (starlark.Value, error) {
			if text(a["yaml"]) == rendered {
				return nil, nil
			}
			raw, err := os.ReadFile(filepath.Join(root, text(a["yaml"])))
			if err != nil {
				return nil, err
			}
			objects, err := decode(raw)
			t.objects = append(t.objects, objects...)
			return nil, err
		}),
		builtin("docker_build", []string{"ref", "context", "build_args?", "dockerfile?", "dockerfile_contents?", "live_update?", "match_in_env_vars?", "ignore?", "only?", "entrypoint?", "target?"}, t.dockerBuild),
		builtin("fall_back_on", []string{"files"}, func(a map[string]starlark.Value) (starlark.Value, error) {
			return step("fall_back_on", texts(a["files"])...), nil
		}),
		builtin("sync", []string{"local_path", "remote_path"}, func(a map[string]starlark.Value) (starlark.Value, error) {
			return step("sync", text(a["local_path"]), text(a["remote_path"])), nil
		}),
		builtin("run", []string{"cmd", "trigger?", "echo_off?"}, func(a map[string]starlark.Value) (starlark.Value, error) {
			return step("run", texts(a["cmd"])...), nil
		}),
		builtin("link", []string{"url", "name?"}, func(map[string]starlark.Value) (starlark.Value, error) { return nil, nil }),
		builtin("port_forward", []string{"local_port", "container_port?", "name?", "link_path?", "host?"}, func(map[string]starlark.Value) (starlark.Value, error) { return nil, nil }),
	}
	known := starlark.StringDict{"config": t.config(), "TRIGGER_MODE_MANUAL": manual}
	for _, function := range all {
		known[function.Name()] = function
	}
	return known
}

func (t *tilt) config() starlark.Value {
	defined := map[string]bool{}
	return starlarkstruct.FromStringDict(starlark.String("config"), starlark.StringDict{
		"define_bool": builtin("define_bool", []string{"name", "args?", "usage?"}, func(a map[string]starlark.Value) (starlark.Value, error) {
			defined[text(a["name"])] = true
			return nil, nil
		}),
		"parse": builtin("parse", nil, func(map[string]starlark.Value) (starlark.Value, error) {
			given := starlark.NewDict(1)
			if t.release && defined["release"] {
				return given, given.SetKey(starlark.String("release"), starlark.True)
			}
			return given, nil
		}),
	})
}

func (t *tilt) newResource(name string, deps []string) error {
	if t.resources[name] {
		return fmt.Errorf("there are two resources %s", name)
	}
	t.resources[name] = true
	t.calls = append(t.calls, resourceCall{name: name, deps: deps})
	return nil
}

func (t *tilt) k8sResource(a map[string]starlark.Value) (starlark.Value, error) {
	name, objects := text(a["workload"]), texts(a["objects"])
	if name == "" && (len(objects) == 0 || text(a["new_name"]) == "") {
		return nil, fmt.Errorf("k8s_resource needs a workload, or objects and a new name")
	}
	if name == "" {
		for _, object := range objects {
			t.checkObject(text(a["new_name"]), object)
		}
		return nil, t.newResource(text(a["new_name"]), texts(a["resource_deps"]))
	}
	t.calls = append(t.calls, resourceCall{name: name, deps: texts(a["resource_deps"])})
	return nil, nil
}

// checkObject finds an object, written as NAME:KIND, in what the Tiltfile deploys.
func (t *tilt) checkObject(resource, wanted string) {
	if !slices.ContainsFunc(t.objects, func(o object) bool { return o.Metadata.Name+":"+strings.ToLower(o.Kind) == wanted }) {
		t.fault("%s: there is no object %s", resource, wanted)
	}
}
