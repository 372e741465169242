using System.Net;

namespace Tunnel.Hub.Admin.Network;

/// <summary>The setting <c>adminListen</c>: <c>https://0.0.0.0:9443</c>, <c>http://127.0.0.1:9080</c>.</summary>
/// <param name="EndPoint">Where the API listens.</param>
/// <param name="IsTls">With the hub's certificate.</param>
internal sealed record AdminListen(IPEndPoint EndPoint, bool IsTls)
{
    public const string Valid = "must be https://ADDRESS:PORT, or http://ADDRESS:PORT where the address is a loopback one such as 127.0.0.1 or [::1]";

    /// <summary>Takes what is safe only: without TLS the key could be read on its way, so that way must not leave the machine.</summary>
    public static bool TryParse(string text, out AdminListen listen)
    {
        listen = null!;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.PathAndQuery != "/" || uri.UserInfo.Length > 0 || uri.Fragment.Length > 0)
            return false;
        if (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)
            return false;
        if (!IPAddress.TryParse(uri.Host, out var address))
            return false;
        listen = new AdminListen(new IPEndPoint(address, uri.Port), uri.Scheme == Uri.UriSchemeHttps);
        return listen.IsTls || IPAddress.IsLoopback(address);
    }
}
