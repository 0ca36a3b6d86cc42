package simulate

import (
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// Operations is the table of contents.
func (s *Simulator) Operations() []op.Operation {
	iam := domain.Routes{Service: model.IAM}
	custom := []op.Operation{
		domain.ReadAccount(domain.Large(iam.Post("SimulateCustomPolicy",
			"/v1/iam/simulations/custom",
			"Says what policies would allow that nobody has yet.")), s.simulateCustomPolicy),
		domain.ReadAccount(domain.Large(iam.Post("GetContextKeysForCustomPolicy",
			"/v1/iam/context-keys/custom",
			"Lists the condition keys that policies ask for.")), getContextKeysForCustomPolicy),
	}
	if s.principals == nil {
		return custom
	}
	return append(custom,
		op.Read(domain.Large(iam.Post("SimulatePrincipalPolicy", "/v1/iam/simulations/principal",
			"Says what a user, group or role may do, and because of which policies.")),
			s.findSimulated, s.simulatePrincipalPolicy),
		op.Read(domain.Large(iam.Post("GetContextKeysForPrincipalPolicy",
			"/v1/iam/context-keys/principal",
			"Lists the condition keys that the policies of a user, group or role ask for.")),
			s.findAsked, s.getContextKeysForPrincipalPolicy))
}
