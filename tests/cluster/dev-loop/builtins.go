package devloop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

func (t *tilt) builtins() starlark.StringDict {
	all := []*starlark.Builtin{
		builtin("allow_k8s_contexts", []string{"contexts"}, func(a map[string]starlark.Value) (starlark.Value, error) {
			name, _ := os.ReadFile(filepath.Join(root, "kind-config.yaml"))
			if !strings.Contains(string(name), "\nname: "+strings.TrimPrefix(text(a["contexts"]), "kind-")+"\n") {
				t.fault("the context %s is not that of kind-config.yaml", a["contexts"])
			}
			return nil, nil
		}),
		builtin("read_json", []string{"path", "default?"}, func(a map[string]starlark.Value) (starlark.Value, error) {
			raw, err := os.ReadFile(filepath.Join(root, text(a["path"])))
			if err != nil {
				return nil, err
			}
			return fromJSON(raw)
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
		builtin("local_resource", []string{"name", "cmd?", "deps?", "trigger_mode?", "resource_deps?", "ignore?", "auto_init?", "serve_cmd?", "labels?"}, func(a map[string]starlark.Value) (starlark.Value, error) {
			return nil, t.newResource(text(a["name"]), texts(a["resource_deps"]))
		}),
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
			return starlark.String("rendered"), err
		}),
		builtin("k8s_yaml", []string{"yaml", "allow_duplicates?"}, func(map[string]starlark.Value) (starlark.Value, error) { return nil, nil }),
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
	known := starlark.StringDict{"config": t.config()}
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
	t.asked = append(t.asked, resourceCall{name: name, deps: deps})
	return nil
}

func (t *tilt) k8sResource(a map[string]starlark.Value) (starlark.Value, error) {
	name, objects := text(a["workload"]), texts(a["objects"])
	if name == "" && (len(objects) == 0 || text(a["new_name"]) == "") {
		return nil, fmt.Errorf("k8s_resource needs a workload, or objects and a new name")
	}
	if name == "" {
		return nil, t.newResource(text(a["new_name"]), texts(a["resource_deps"]))
	}
	t.asked = append(t.asked, resourceCall{name: name, objects: objects, deps: texts(a["resource_deps"])})
	return nil, nil
}

// step is a live update's step, as a tuple of its kind and arguments.
func step(kind string, args ...string) starlark.Tuple {
	tuple := starlark.Tuple{starlark.String(kind)}
	for _, arg := range args {
		tuple = append(tuple, starlark.String(arg))
	}
	return tuple
}

func (t *tilt) dockerBuild(a map[string]starlark.Value) (starlark.Value, error) {
	ref, only := text(a["ref"]), texts(a["only"])
	t.images[ref] = false
	t.mustExist(ref, text(a["dockerfile"]))
	for _, path := range only {
		t.mustExist(ref, path)
	}
	order := map[string]int{"fall_back_on": 0, "sync": 1, "run": 2}
	stage := 0
	steps, _ := a["live_update"].(*starlark.List)
	for i := 0; steps != nil && i < steps.Len(); i++ {
		tuple := steps.Index(i).(starlark.Tuple)
		kind := text(tuple[0])
		if order[kind] < stage {
			t.fault("%s: %s comes too late in the live update", ref, kind)
		}
		stage = order[kind]
		paths := tuple[1:]
		if kind == "run" {
			continue
		}
		if kind == "sync" {
			local, remote := text(paths[0]), text(paths[1])
			if remote != "/app/"+local {
				t.fault("%s: %s is copied to %s, where the image has something else", ref, local, remote)
			}
			paths = paths[:1]
		}
		for _, path := range paths {
			t.mustExist(ref, text(path))
			if !within(text(path), only) {
				t.fault("%s: a change of %s is never seen, since it is no part of the build", ref, path)
			}
		}
	}
	return nil, nil
}

func within(path string, folders []string) bool {
	for _, folder := range folders {
		if path == folder || strings.HasPrefix(path, folder+"/") {
			return true
		}
	}
	return false
}
