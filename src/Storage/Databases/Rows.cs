using System.Data.Common;

namespace Control.Storage.Databases;

/// <summary>Column reads that ADO.NET lacks.</summary>
internal static class Rows
{
    extension(DbDataReader row)
    {
        /// <summary>A text that may be null.</summary>
        public string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);

        /// <summary>A flag stored as 0 or 1.</summary>
        public bool Flag(int column) => row.GetInt64(column) != 0;

        /// <summary>A time stored as UTC ticks.</summary>
        public DateTimeOffset Time(int column) => new(row.GetInt64(column), TimeSpan.Zero);

        /// <summary>A time stored as UTC ticks that may be null.</summary>
        public DateTimeOffset? TimeOrNull(int column) => row.IsDBNull(column) ? null : row.Time(column);
    }
}
