using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Configuration;
using Tunnel.Shared.Strangers;

namespace Tunnel.Hub.Admin.Network;

/// <summary>Opens the ways to the admin API over the network that the settings allow.</summary>
internal sealed class NetworkAdmin
{
    private readonly TunnelHubOptions _options;
    private readonly TunnelPortHttp? _tunnelPort;
    private readonly StrangerRegistry _strangers;

    public NetworkAdmin(TunnelHubOptions options, TimeProvider time)
    {
        _options = options;
        _tunnelPort = options.AdminOnTunnelPort ? new TunnelPortHttp(options.AdminAllowCidrs, time) : null;
        var limits = options.Limits;
        _strangers = new StrangerRegistry(StrangerLimits.Of(limits.Unauthenticated, limits.PerAddress, limits.AuthTimeout), time);
    }

    /// <summary>Receives the HTTP connections of the tunnel port; null when the port offers no HTTP.</summary>
    public IHttpConnections? TunnelPort => _tunnelPort;

    public void AddServices(IServiceCollection services)
    {
        if (_tunnelPort is not null)
            services.AddSingleton<IConnectionListenerFactory>(_tunnelPort);
    }

    public void Listen(KestrelServerOptions kestrel, Func<HubCertificate> certificate)
    {
        if (_tunnelPort is not null)
            kestrel.Listen(_tunnelPort.EndPoint);
        if (_options.AdminListen is { } setting && AdminListen.TryParse(setting, out var listen))
        {
            kestrel.Listen(listen.EndPoint, listener =>
            {
                listener.Use(next => connection => ServeAsync(connection, next));
                if (listen.IsTls)
                {
                    listener.UseHttps(new TlsHandshakeCallbackOptions
                    {
                        OnConnection = async context => (await certificate().Tls.WaitAsync(context.CancellationToken)).ForHttp,
                    });
                }
            });
        }
    }

    // The limits of the tunnel port apply here as well, from before TLS until the key was shown.
    private async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var remote = ((IPEndPoint)connection.RemoteEndPoint!).Address;
        if (!AllowedAddresses.Contain(_options.AdminAllowCidrs, remote))
        {
            connection.Abort();
            return;
        }

        var stranger = _strangers.Enter(remote, out var evicted);
        evicted?.GiveWay();
        var pass = new StrangerPass(_strangers, stranger);
        connection.Features.Set(pass);
        await using var limit = pass.Limit.Register(connection.Abort);
        try
        {
            await next(connection);
        }
        finally
        {
            pass.Leave();
        }
    }
}
