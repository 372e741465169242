using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Tunnel.Shared.Hosting;

/// <summary>Logs of both services: one line an entry on standard error, so that standard output stays free for a command's own answer.</summary>
public static class ServiceLogging
{
    /// <summary>
    /// Makes the factory. Under systemd each line starts with the journal's priority (<c>&lt;6&gt;</c>, sd-daemon(3)) and has no time, which the journal adds.
    /// </summary>
    public static ILoggerFactory CreateFactory(LogLevel minimum) => CreateFactory(minimum, WritesToJournal());

    internal static ILoggerFactory CreateFactory(LogLevel minimum, bool journal) => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(minimum);

        // The admin API's own machinery is of no interest to an operator unless something is wrong with it.
        logging.AddFilter("Microsoft", minimum > LogLevel.Warning ? minimum : LogLevel.Warning);
        logging.AddConsole(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;

            // A terminal that is not read must not hold up the loops that log.
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        });
        if (journal)
        {
            logging.AddSystemdConsole();
        }
        else
        {
            logging.AddSimpleConsole(ReadableLine);
        }
    });

    private static void ReadableLine(SimpleConsoleFormatterOptions line)
    {
        line.SingleLine = true;
        line.UseUtcTimestamp = true;
        line.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
        line.ColorBehavior = LoggerColorBehavior.Default;
    }

    // JOURNAL_STREAM is inherited by shells that run in a unit; one whose output is a terminal does not write to the journal.
    private static bool WritesToJournal() =>
        !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("JOURNAL_STREAM")) && Console.IsErrorRedirected;
}
