package optest

import (
	"context"

	"claviger/internal/domain"
)

// People are the users and roles that there are where nothing knows them: unique ids by ARN. As
// long as IDs is nil every name is somebody's, and is its own id. It implements
// [domain.Principals].
type People struct{ IDs map[string]string }

// UniqueID returns the id of who has an ARN.
func (p *People) UniqueID(_ context.Context, arn string) (string, error) {
	id, ok := p.IDs[arn]
	switch {
	case ok:
		return id, nil
	case p.IDs == nil:
		return arn, nil
	}
	return "", domain.ErrNobody
}

// ARN returns the ARN of who has a unique id.
func (p *People) ARN(_ context.Context, id string) (string, error) {
	for arn, i := range p.IDs {
		if i == id {
			return arn, nil
		}
	}
	return id, nil
}
