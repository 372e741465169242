namespace Tunnel.FunctionalTests.Documented;

/// <summary>
/// The commands of the pages that no test of a page runs, each with the reason. A line that no page has any more must go from here.
/// </summary>
internal static class NotRun
{
    private const string Feed = "needs Microsoft's package feed";
    private const string Engine = "needs a container engine; ImageTests and DeployTests unpack, run and read what these take";
    private const string Database = "needs a database, which no machine of the pages has; SharedStateTests runs it";
    private const string Kernel = "changes the kernel's settings, which all machines of a test share";

    public static readonly IReadOnlyDictionary<string, string> Reasons = new Dictionary<string, string>
    {
        ["./tunnel demo"] = "is no command of a machine of the pages, and builds everything; DemoTests runs it",
        ["sudo tunnel-hub doctor --edge cafe"] = "tries an edge that is not there on the pages' machines",
        ["./tunnel test"] = "runs this test",
        ["curl -sSLO https://packages.microsoft.com/config/debian/$(. /etc/os-release; echo $VERSION_ID)/packages-microsoft-prod.deb"] =
            Feed,
        ["curl -sSLO https://packages.microsoft.com/config/ubuntu/$(. /etc/os-release; echo $VERSION_ID)/packages-microsoft-prod.deb"] =
            Feed,
        ["sudo dpkg -i packages-microsoft-prod.deb && sudo apt-get update && sudo apt-get install libmsquic"] = Feed,
        ["docker load --input tunnel-hub-0.1.0-linux-amd64.oci.tar"] = Engine,
        ["PUBLIC_HOST=hub.example.com:8443 docker compose --file deploy/compose/hub.yaml up --detach"] = Engine,
        ["kubectl apply --kustomize deploy/kustomize/hub"] = Engine,
        [
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=tunnel-hub -keyout tls.key "
                + "-out tls.crt"] = Engine,
        ["kubectl create secret tls tunnel-hub-tls --cert=tls.crt --key=tls.key"] = Engine,
        ["kubectl create secret generic tunnel-hub-database --from-file=state"] = Engine,
        ["kubectl apply --kustomize deploy/kustomize/hub-replicas"] = Engine,
        ["kubectl create secret generic tunnel-edge --from-file=token"] = Engine,
        ["kubectl apply --kustomize deploy/kustomize/edge"] = Engine,
        ["sudo tunnel-hub state import"] = Database,
        ["sudo tunnel-hub state export"] = Database,
        ["sudo apk add libmsquic"] = "is for another distribution",
        [
            "printf 'net.core.rmem_max = 4194304\\nnet.core.wmem_max = 4194304\\n' | sudo tee /etc/sysctl.d/90-tunnel.conf && sudo "
                + "sysctl --system"] = Kernel,
    };
}
