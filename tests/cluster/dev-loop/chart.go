// Package devloop proves kind-config.yaml and the Tiltfile without kind and without Tilt.
package devloop

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"go.yaml.in/yaml/v3"
)

// release is the release name of the Tiltfile.
const release = "shop"

// object has the fields of a rendered manifest that the checks read.
type object struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct {
		Name        string
		Annotations map[string]string
	}
	Spec struct {
		Ports []struct {
			Port     int32
			NodePort int32 `yaml:"nodePort"`
		}
		Template    podTemplate
		JobTemplate struct {
			Spec struct{ Template podTemplate }
		} `yaml:"jobTemplate"`
	}
}

type podTemplate struct {
	Spec struct {
		InitContainers []container `yaml:"initContainers"`
		Containers     []container
	}
}

type container struct {
	Image   string
	Command []string
}

func (o object) containers() []container {
	template := o.Spec.Template.Spec
	if o.Kind == "CronJob" {
		template = o.Spec.JobTemplate.Spec.Template.Spec
	}
	return append(append([]container{}, template.InitContainers...), template.Containers...)
}

func helm() string {
	if given := os.Getenv("HELM"); given != "" {
		return given
	}
	return "helm"
}

// render runs the command that Tilt runs.
func render(chart, namespace string, values []string) ([]object, error) {
	args := []string{"template", release, root + chart, "--namespace", namespace}
	for _, file := range values {
		args = append(args, "--values", root+file)
	}
	text, err := exec.Command(helm(), args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("helm template: %s", exit.Stderr)
	}
	if err != nil {
		return nil, err
	}
	return decode(text)
}

// decode leaves out the chart's tests, as Tilt does.
func decode(text []byte) ([]object, error) {
	var objects []object
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var next object
		if err := decoder.Decode(&next); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, err
		}
		if next.Kind != "" && next.Metadata.Annotations["helm.sh/hook"] != "test" {
			objects = append(objects, next)
		}
	}
}
