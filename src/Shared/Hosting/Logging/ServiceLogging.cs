using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Tunnel.Shared.Hosting.Logging;

/// <summary>
/// Creates the logs of both services: one line an entry on standard error, so that standard output stays free for a command's own answer.
/// </summary>
public static class ServiceLogging
{
    /// <summary>
    /// Starts the log. Under systemd each line starts with the journal's priority (<c>&lt;6&gt;</c>, sd-daemon(3)) and has no time, which
    /// the journal adds.
    /// </summary>
    public static ServiceLog Create(LogOptions options) => new(options, WritesToJournal());

    internal static ILoggerFactory CreateFactory(ServiceLog log, bool journal) => LoggerFactory.Create(logging =>
    {
        // The filter decides instead, since the level may change.
        logging.SetMinimumLevel(LogLevel.Trace);
        logging.AddFilter((category, level) => level >= Least(category, log.Options.Level));
        logging.AddConsole(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            console.FormatterName = ServiceLogFormatter.FormatterName;

            // A terminal that is not read must not block the loops that log.
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        });
        logging.Services.AddSingleton<ConsoleFormatter>(services => new ServiceLogFormatter(services, log, journal));
        logging.Services.Configure<SimpleConsoleFormatterOptions>(ReadableLine);
        logging.Services.Configure<JsonConsoleFormatterOptions>(json =>
        {
            json.UseUtcTimestamp = true;
            json.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
        });
    });

    // The admin API's internals do not interest an operator unless something is wrong with them.
    private static LogLevel Least(string? category, LogLevel minimum) =>
        minimum < LogLevel.Warning && category?.StartsWith("Microsoft", StringComparison.Ordinal) == true ? LogLevel.Warning : minimum;

    private static void ReadableLine(SimpleConsoleFormatterOptions line)
    {
        line.SingleLine = true;
        line.UseUtcTimestamp = true;
        line.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
        line.ColorBehavior = LoggerColorBehavior.Default;
    }

    // Shells that run in a unit inherit JOURNAL_STREAM; a process whose output is a terminal does not write to the journal.
    private static bool WritesToJournal() =>
        !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("JOURNAL_STREAM")) && Console.IsErrorRedirected;
}
