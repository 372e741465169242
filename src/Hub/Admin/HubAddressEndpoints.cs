using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Status;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Admin;

/// <summary>The address at which the hub will be: <c>/api/v1/hub-address</c>.</summary>
internal sealed class HubAddressEndpoints
{
    private readonly IAdministeredHub _hub;
    private readonly ObjectReader<string> _address;

    public HubAddressEndpoints(IAdministeredHub hub)
    {
        _hub = hub;
        _address = new ObjectReader<string>(
            "{\"address\": \"hub.example.com:8443\"}",
            new ObjectMember<string>(
                "address", (before, value) => ReadAddress(value) ?? before, Needed: $"is needed: it {HostSyntax.ValidHostAndPort}"));
    }

    public void Map(AdminRoutes routes)
    {
        routes.Get(
            "/api/v1/hub-address", GetAsync, "getHubAddress",
            "Where edges are told that the hub will be, and the edges that have not confirmed it.")
            .Answers<HubAddressStatus>();
        routes.Put(
            "/api/v1/hub-address", PutAsync, "putHubAddress", "Tells all edges, those that connect later too, where the hub will be.")
            .Body<HubAddressRequest>()
            .Answers<HubAddressStatus>()
            .Fails(StatusCodes.Status409Conflict);
        routes.Delete(
            "/api/v1/hub-address", DeleteAsync, "deleteHubAddress",
            "Stops telling edges where the hub will be; those that were told keep it.")
            .Answers<HubAddressStatus>()
            .Fails(StatusCodes.Status409Conflict);
    }

    private Task GetAsync(HttpContext context) => WriteAsync(context, _hub.GetHubAddress());

    private async Task PutAsync(HttpContext context) =>
        await WriteAsync(context, Announce(await AdminRequest.ReadAsync(context, _address, "")));

    private Task DeleteAsync(HttpContext context) => WriteAsync(context, Announce(null));

    private HubAddressStatus Announce(string? address)
    {
        try
        {
            return _hub.AnnounceHubAddress(address);
        }
        catch (OperatorException refused)
        {
            throw new ProblemException(new Problem { Status = StatusCodes.Status409Conflict, Detail = refused.Message });
        }
    }

    private string? ReadAddress(WrittenValue value)
    {
        if (value.Text() is not { } text)
            return null;
        if (!HostSyntax.TryParseHostAndPort(text, out var host, out var port))
        {
            value.Refuse(HostSyntax.FaultOfHost(text, HostSyntax.ValidHostAndPort));
            return null;
        }

        var bracketed = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        return $"{bracketed}:{port ?? _hub.GetStatus().TunnelPort}";
    }

    private static Task WriteAsync(HttpContext context, HubAddressStatus status) =>
        AdminResults.WriteAsync(context, status, AdminJson.Default.HubAddressStatus);
}
