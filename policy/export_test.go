package policy

// DocumentKeys are the keys of single services that Unknown knows, for the test that holds them
// against the tables of the services.
var DocumentKeys = documentKeys
