/// What the proxies have in common besides their data path: variables, the connection to the
/// control plane, operators' ports, signals.
package adit.proxy;
