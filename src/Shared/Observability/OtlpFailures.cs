using System.Diagnostics.Tracing;
using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Observability;

/// <summary>
/// Logs failures of OpenTelemetry's exporter, which throws and logs nothing: it reports what it can't send to an event source.
/// </summary>
internal sealed class OtlpFailures(Uri endpoint, TimeProvider time, ILogger logger) : EventListener
{
    // One line a minute is enough to see why nothing arrives.
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    // The text after this length is a stack trace.
    private const int MaxLength = 300;

    private long _lastLogged;

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "OpenTelemetry-Exporter-OpenTelemetryProtocol")
            EnableEvents(eventSource, EventLevel.Warning);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        var last = Interlocked.Read(ref _lastLogged);
        if (last != 0 && time.GetElapsedTime(last) < Pause)
            return;
        if (Interlocked.CompareExchange(ref _lastLogged, time.GetTimestamp(), last) == last)
            OtlpLog.PushFailed(logger, endpoint, Describe(eventData));
    }

    private static string Describe(EventWrittenEventArgs written)
    {
        var text = string.Join(" ", written.Payload ?? []).ReplaceLineEndings(" ");
        return text.Length <= MaxLength ? text : text[..MaxLength] + "…";
    }
}
