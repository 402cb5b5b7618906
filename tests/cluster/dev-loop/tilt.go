package devloop

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"
)

// tilt stands in for Tilt: it has the built-ins of Tilt's API reference that the Tiltfile uses, with their parameters,
// records their arguments, and reports a fault where Tilt, Helm or kubectl would fail.
type tilt struct {
	release   bool
	faults    []string
	images    map[string]bool
	objects   []object
	kinds     map[string]bool
	resources map[string]bool
	calls     []resourceCall
	buttons   int
	rename    starlark.Callable
	thread    *starlark.Thread
}

// resourceCall is a resource that the Tiltfile names, with those it depends on.
type resourceCall struct {
	name string
	deps []string
}

func (t *tilt) fault(format string, args ...any) {
	t.faults = append(t.faults, fmt.Sprintf(format, args...))
}

func (t *tilt) mustExist(what, path string) {
	if _, err := os.Stat(filepath.Join(root, path)); err != nil {
		t.fault("%s: %s does not exist", what, path)
	}
}

// run executes the Tiltfile in the dialect of Starlark that Tilt allows.
func run(release bool) (*tilt, error) {
	t := &tilt{
		release: release, images: map[string]bool{}, kinds: map[string]bool{}, resources: map[string]bool{},
	}
	// Without Load: a Tiltfile that loads an extension, which Tilt would fetch from the network, fails.
	t.thread = &starlark.Thread{Name: "Tiltfile"}
	options := &syntax.FileOptions{Set: true, TopLevelControl: true, GlobalReassign: true}
	_, err := starlark.ExecFileOptions(options, t.thread, filepath.Join(root, "Tiltfile"), nil, t.builtins())
	if err != nil {
		return nil, err
	}
	if err := t.assemble(); err != nil {
		return nil, err
	}
	t.checkReferences()
	return t, nil
}

// assemble makes a resource of each workload, as Tilt does.
func (t *tilt) assemble() error {
	for _, workload := range t.objects {
		switch workload.Kind {
		case "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod":
		default:
			if !t.kinds[workload.Kind+" "+workload.APIVersion] {
				continue
			}
		}
		name := workload.Metadata.Name
		if t.rename != nil {
			id := starlarkstruct.FromStringDict(starlark.String("id"), starlark.StringDict{
				"name": starlark.String(name), "kind": starlark.String(workload.Kind),
			})
			given, err := starlark.Call(t.thread, t.rename, starlark.Tuple{id}, nil)
			if err != nil {
				return err
			}
			name = string(given.(starlark.String))
		}
		if t.resources[name] {
			t.fault("two workloads want to be the resource %s", name)
		}
		t.resources[name] = true
		for _, container := range workload.containers() {
			repository, _, _ := strings.Cut(container.Image, ":")
			if _, seen := t.images[repository]; seen {
				t.images[repository] = true
			} else if strings.HasPrefix(repository, "order-saga/") {
				t.fault("%s uses %s, which nothing builds", name, repository)
			}
		}
	}
	return nil
}

// checkReferences runs when all resources are known, since a Tiltfile may name a resource before it creates it.
func (t *tilt) checkReferences() {
	for image, used := range t.images {
		if !used {
			t.fault("the image %s is built and not used", image)
		}
	}
	for _, call := range t.calls {
		if !t.resources[call.name] {
			t.fault("there is no resource %s", call.name)
		}
		for _, dep := range call.deps {
			if !t.resources[dep] {
				t.fault("%s needs the resource %s, which is not there", call.name, dep)
			}
		}
	}
}

// builtin makes a function that takes the documented parameters by place or name, a `?` after those that may be left out.
func builtin(name string, parameters []string, call func(map[string]starlark.Value) (starlark.Value, error)) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		given := make([]starlark.Value, len(parameters))
		pairs := make([]any, 0, 2*len(parameters))
		for i, parameter := range parameters {
			pairs = append(pairs, parameter, &given[i])
		}
		if err := starlark.UnpackArgs(b.Name(), args, kwargs, pairs...); err != nil {
			return nil, err
		}
		byName := map[string]starlark.Value{}
		for i, parameter := range parameters {
			byName[strings.TrimSuffix(parameter, "?")] = given[i]
		}
		result, err := call(byName)
		if result == nil {
			result = starlark.None
		}
		return result, err
	})
}

// text is a string argument, empty when it was left out.
func text(value starlark.Value) string {
	given, _ := starlark.AsString(value)
	return given
}

// texts is an argument that may be a string or a list of them.
func texts(value starlark.Value) []string {
	if given, ok := starlark.AsString(value); ok {
		return []string{given}
	}
	var all []string
	if list, ok := value.(*starlark.List); ok {
		for i := range list.Len() {
			all = append(all, text(list.Index(i)))
		}
	}
	return all
}
