package devloop

import (
	"strings"

	"go.starlark.net/starlark"
)

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
