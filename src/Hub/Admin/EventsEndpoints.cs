using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Events;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Admin;

/// <summary>
/// <c>/api/v1/events</c>: what happens, as server-sent events (WHATWG HTML, section 9.2), until the client or the hub ends it. A client
/// that comes back with <c>Last-Event-ID</c> gets the events that it missed, of the last 1,000. A client that reads too slowly is cut off
/// and may come back in the same way.
/// </summary>
internal sealed class EventsEndpoints(HubEventFeed feed, TimeProvider time)
{
    /// <summary>How often something is sent at least, so that both sides notice when the other is gone.</summary>
    public static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(15);

    public void Map(AdminRoutes routes) =>
        routes.Get("/api/v1/events", StreamAsync, "streamEvents", "What happens, as server-sent events, until the client ends it.")
            .Query<string>(
                "types",
                $"Names of events, separated by commas: {string.Join(", ", HubEventTypes.All)}. Without it: all but those of streams.")
            .Header("Last-Event-ID", "The last event that was seen: later ones, of the last 1,000, come first.")
            .Answers<string>(contentType: "text/event-stream")
            .Fails(StatusCodes.Status400BadRequest, StatusCodes.Status503ServiceUnavailable);

    private async Task StreamAsync(HttpContext context)
    {
        var types = ReadTypes(context.Request.Query["types"].FirstOrDefault());
        using var subscription = feed.Subscribe(types, context.Request.Headers["Last-Event-ID"].FirstOrDefault())
            ?? throw new ProblemException(new Problem
            {
                Status = StatusCodes.Status503ServiceUnavailable,
                Detail = $"There are {HubEventFeed.MaxReaders} readers of events already; end one.",
            });

        var stopping = context.RequestServices.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? CancellationToken.None;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping, subscription.TooSlow);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        if (HeadRequests.IsHead(context))
            return;
        try
        {
            await SendAsync(context.Response, subscription, end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The hub stops, or nobody reads. A half-written answer can't be ended properly.
            if (!stopping.IsCancellationRequested)
                context.Abort();
        }
    }

    private async Task SendAsync(HttpResponse response, EventSubscription subscription, CancellationToken cancellationToken)
    {
        // This line is sent at once, so that the client knows that it is connected.
        await WriteAsync(response, ": events follow\n\n", cancellationToken);
        while (true)
        {
            try
            {
                if (!await subscription.Events.WaitToReadAsync(cancellationToken).AsTask().WaitAsync(
                    HeartbeatInterval, time, cancellationToken))
                {
                    return;
                }
            }
            catch (TimeoutException)
            {
                await WriteAsync(response, ": heartbeat\n\n", cancellationToken);
                continue;
            }

            var text = new StringBuilder();
            while (text.Length < 64 << 10 && subscription.Events.TryRead(out var entry))
                Append(text, entry);
            await WriteAsync(response, text.ToString(), cancellationToken);
        }
    }

    private static void Append(StringBuilder text, EventEntry entry)
    {
        if (entry.Id is { } id)
            text.Append(CultureInfo.InvariantCulture, $"id: {id}\n");
        text.Append(CultureInfo.InvariantCulture, $"event: {entry.Type}\ndata: {entry.Json}\n\n");
    }

    private static async Task WriteAsync(HttpResponse response, string text, CancellationToken cancellationToken)
    {
        await response.WriteAsync(text, cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }

    private static ImmutableHashSet<string> ReadTypes(string? text)
    {
        if (text is null)
            return [.. HubEventTypes.All.Except(HubEventTypes.OfStreams)];
        var types = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        ImmutableArray<Fault> faults = [.. types.Except(HubEventTypes.All).Select(type => new Fault("?types", type, Explain(type)))];
        if (types.Length == 0)
            faults = [new Fault("?types", text, $"must name at least one of {string.Join(", ", HubEventTypes.All)}")];
        return faults.IsEmpty ? [.. types] : throw new ProblemException(Problem.Invalid(faults));
    }

    private static string Explain(string type) => SettingName.Nearest(type, HubEventTypes.All) is { } nearest
        ? $"is not an event; did you mean {nearest}?"
        : $"is not an event; there are {string.Join(", ", HubEventTypes.All)}";
}
