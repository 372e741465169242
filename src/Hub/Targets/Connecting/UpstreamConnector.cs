using System.Net;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Shared.Sockets;

namespace Tunnel.Hub.Targets.Connecting;

/// <inheritdoc cref="IUpstreamConnector"/>
internal sealed class UpstreamConnector(TargetResolver resolver, DescriptorGuard descriptors, TimeProvider time) : IUpstreamConnector
{
    private readonly ConnectRace _race = new(descriptors, time);

    public async ValueTask<ConnectOutcome> ConnectAsync(UpstreamRequest request, CancellationToken limit)
    {
        if (request.Pool is { } pool)
            return await ConnectToPoolAsync(pool, request, limit);
        if (!resolver.TryResolve(request.Host, out var addresses))
        {
            try
            {
                addresses = await resolver.ResolveAsync(request.Host).WaitAsync(limit);
            }
            catch (OperationCanceledException)
            {
                return ConnectOutcome.Failed(StreamFailure.ConnectTimeout);
            }
        }

        var allowed = request.Rule.Filter(addresses);
        return allowed.Length switch
        {
            0 => ConnectOutcome.Failed(addresses.Length == 0 ? StreamFailure.NameNotFound : StreamFailure.TargetNotAllowed),
            1 => await _race.ConnectAsync(new IPEndPoint(allowed[0], request.Port), limit),
            _ => await _race.RunAsync(new AddressRunners(allowed, request.Port), limit),
        };
    }

    private async ValueTask<ConnectOutcome> ConnectToPoolAsync(TargetPool pool, UpstreamRequest request, CancellationToken limit)
    {
        try
        {
            if (pool.ReadyAsync() is { } resolving)
                await resolving.WaitAsync(limit);
        }
        catch (OperationCanceledException)
        {
            return ConnectOutcome.Failed(StreamFailure.ConnectTimeout);
        }

        return pool.Count == 0
            ? ConnectOutcome.Failed(StreamFailure.NameNotFound)
            : await _race.RunAsync(new PoolRunners(pool, request.Source, request.Timeout), limit);
    }
}
