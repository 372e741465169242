using Tunnel.Hub.Certificates;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Sni;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>How TLS to targets is written.</summary>
internal static class UpstreamTlsForm
{
    private static readonly SettingForm<string?> Name = SettingForms.Text(ServerName.MaxLength) with
    {
        Check = (text, path, _, faults) =>
        {
            if (!ServerName.IsValid(text))
                faults.AddText(path, text!, "must be a host name in lower case, such as \"www.example.com\"");
        },
    };

    /// <summary>The members.</summary>
    public static readonly ObjectForm<UpstreamTlsDefinition> Form = new(
        "{\"sni\": \"www.example.com\"}",
        new UpstreamTlsDefinition(),
        new ObjectSetting<UpstreamTlsDefinition, string?>("sni", Name, own => own.Sni, (own, value) => own with { Sni = value })
        {
            Summary = "the name that is asked for, and that the target's certificate has to be for; the target's own by default",
        },
        new ObjectSetting<UpstreamTlsDefinition, bool?>(
            "verify", SettingForms.Switch, own => own.Verify, (own, value) => own with { Verify = value })
        {
            Summary = "false: the target's certificate is not checked, so anybody on the way may read and change what is said",
        },
        new ObjectSetting<UpstreamTlsDefinition, PemSource?>("ca", TlsForms.Pem, own => own.Ca, (own, value) => own with { Ca = value })
        {
            Summary = "the authorities of targets: the path of a PEM file, or PEM text; those of the system by default",
        },
        new ObjectSetting<UpstreamTlsDefinition, PemSource?>(
            "clientCert", TlsForms.Pem, own => own.ClientCert, (own, value) => own with { ClientCert = value })
        {
            Summary = "a certificate and its key that targets are shown: the path of a PEM file, or PEM text; none by default",
        })
    {
        CheckWhole = Check,
    };

    private static void Check(UpstreamTlsDefinition tls, string path, bool udp, FaultList faults)
    {
        if (tls is { Verify: false, Ca: not null })
            faults.Add($"{path}.ca", "(present)", "does nothing with \"verify\": false; remove one of the two");
    }
}
