package custom

import "errors"

var (
	// ErrSettings is returned for settings that cannot work.
	ErrSettings = errors.New("invalid settings of the custom mechanism")
	// ErrSchema is returned for a schema that a neuron may not declare.
	ErrSchema = errors.New("invalid schema")
	// ErrValue is returned for a value that does not fit its schema.
	ErrValue = errors.New("the value does not fit the schema")
	// ErrPlugin is returned where a plug-in does not answer, or not as it must.
	ErrPlugin = errors.New("the plug-in does not answer as it must")
	// ErrConfig is returned by constructors for a configuration that cannot work.
	ErrConfig = errors.New("configuration of the custom mechanism")
	// ErrState is returned by NewJudge for a stored state that it cannot take up.
	ErrState = errors.New("unusable state of the custom judge")
)
