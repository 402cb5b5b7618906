// The name is below kind's own: Go lets only such a module import the parser kind reads its configuration with.
module sigs.k8s.io/kind/pkg/ordersaga

go 1.25.0

require (
	go.starlark.net v0.0.0-20260908191801-89a6a09411d5
	go.yaml.in/yaml/v3 v3.0.4
	sigs.k8s.io/kind v0.32.0
)

require (
	github.com/pkg/errors v0.9.1 // indirect
	golang.org/x/sys v0.42.0 // indirect
)
