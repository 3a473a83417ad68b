package server

// Ready is what somebody needs to use a server with a demo.
type Ready struct {
	Endpoint        string            `json:"endpoint"`
	TLSEndpoint     string            `json:"tls_endpoint,omitempty"`
	CAFile          string            `json:"ca_file,omitempty"` // what to trust to use TLSEndpoint
	Region          string            `json:"region"`
	AccountID       string            `json:"account_id"`
	AccessKeyID     string            `json:"access_key_id"`
	SecretAccessKey string            `json:"secret_access_key"`
	AppInstanceARN  string            `json:"app_instance_arn"`
	AdminARN        string            `json:"admin_arn"`
	UserARNs        map[string]string `json:"user_arns"`
}

// Ready says how to use the server and its demo.
func (s *Server) Ready(d Demo) Ready {
	return Ready{
		Endpoint: s.Endpoint(), TLSEndpoint: s.TLSEndpoint(), CAFile: s.CAFile(), Region: s.config.Region, AccountID: s.config.Account,
		AccessKeyID: s.rootKey.ID, SecretAccessKey: s.rootKey.Secret,
		AppInstanceARN: d.AppInstance, AdminARN: d.Admin, UserARNs: d.Users,
	}
}

// WriteFile writes r to a file, which appears complete or not at all and is readable to its owner
// only: it holds a secret.
func (r Ready) WriteFile(path string) error { return writeJSON(path, r) }
