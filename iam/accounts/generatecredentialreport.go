package accounts

import "claviger/internal/op"

// GenerateCredentialReportInput is empty, as AWS's.
type GenerateCredentialReportInput struct{ op.ByShape }

type GenerateCredentialReportOutput struct {
	State       string // COMPLETE
	Description string `json:",omitzero"` // never there
}

// generateReport has nothing to do: a report is made when it is asked for.
func generateReport(*op.Call, GenerateCredentialReportInput) (
	GenerateCredentialReportOutput, error) {
	return GenerateCredentialReportOutput{State: "COMPLETE"}, nil
}
