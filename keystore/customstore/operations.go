package customstore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/model"
)

// Operations performs the operations on custom key stores.
type Operations struct {
	stores *Stores
	pager  model.Pager
}

// NewOperations returns the operations on stores.
func NewOperations(stores *Stores, pager model.Pager) *Operations {
	return &Operations{stores: stores, pager: pager}
}

// Operations is the table of contents.
func (s *Operations) Operations() []op.Operation {
	route := domain.Routes{Service: model.KMS}
	stores := route.Of("/v1/key-stores", "CustomKeyStoreId")
	return []op.Operation{
		domain.WriteAccount(route.Post("CreateCustomKeyStore", "/v1/key-stores",
			"Makes a custom key store: a cluster of HSMs that is named in the configuration.").
			Makes("/v1/key-stores/{CustomKeyStoreId}"),
			s.createCustomKeyStore),
		op.Read(route.Get("DescribeCustomKeyStores", "/v1/key-stores",
			"Lists the custom key stores, and how they are connected.").
			At("GET", "/v1/key-stores/{CustomKeyStoreId...}"), s.findStores,
			s.describeCustomKeyStores),
		changeStore(s, route.Put("UpdateCustomKeyStore", "/v1/key-stores/{CustomKeyStoreId...}",
			"Changes the name of a custom key store, its password or its cluster."), s.updateCustomKeyStore,
			Disconnected, Connected),
		changeStore(s, route.Delete("DeleteCustomKeyStore", "/v1/key-stores/{CustomKeyStoreId...}",
			"Removes a custom key store without keys."), s.deleteCustomKeyStore, Disconnected),
		changeStore(s, stores.Post("ConnectCustomKeyStore", "connect",
			"Begins to connect a custom key store to its cluster."), s.connectCustomKeyStore, Disconnected,
			Connecting, Connected),
		changeStore(s, stores.Post("DisconnectCustomKeyStore", "disconnect",
			"Disconnects a custom key store; its keys can't be used then."), s.disconnectCustomKeyStore,
			Connecting, Connected, Failed),
	}
}
